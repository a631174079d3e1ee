"""疑点: a worklist that fills itself, each item with evidence and an answer."""
