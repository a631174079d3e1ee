"""The editor of a draft: a form over the document, section by section; TOML stays behind the form."""
