"""What arguments may be, and what they are where a call says nothing. Torch-free.

The options of the command line, the arguments of the Python API and the commands read these alike.
"""
