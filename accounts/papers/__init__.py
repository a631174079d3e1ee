"""Papers: documents that belong to a case, a claim or the like, kept sealed outside the web root."""
