"""Running the site: health, figures for the operators, backup and restore, retention."""
