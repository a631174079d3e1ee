"""Trial runs: a version of the law tried on past claims, and one case under every region's law. Writes no claim."""
