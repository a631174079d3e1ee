"""Applications: the workflow room. Its tables come with the workflow."""
