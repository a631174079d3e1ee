"""Claims entered by hand: draft, papers, preview while typing, confirmation by a second person."""
