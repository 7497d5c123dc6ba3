"""Methods, one file per paper. ``disentool.configs.METHODS`` is their table."""
