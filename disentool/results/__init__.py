"""Records of models, read and grouped: which setting and seed each is of, means over seeds, tables of them."""
