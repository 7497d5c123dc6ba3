"""``python -m disentool``."""

from disentool.cli import main

main()
