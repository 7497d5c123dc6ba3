"""What a call does where it says nothing: numbers and names that options and arguments have by default. Torch-free.

The options of the command line and the arguments of the Python API read these, as do the commands.
"""

# Traversals.
TRAVERSAL_EXTENT = 3.0  # standard deviations of the prior, to either side
FRAMES = 40  # of one period of an animation
FPS = 20.0

# Swaps.
SWAP_FPS = 12.0
SWAP_SECONDS = 6.0  # of a turn through the contents, without interpolation, at 1 to SWAP_FPS frames a second

# Samples.
SAMPLES = 64
SAMPLE_PIXELS = 64  # an image's longer side in a grid

# The search for directions.
SEARCH_METHOD = "tangent"
FOLLOWING_METHOD = "lm"  # where the call says how far images are to be followed
SEARCH_LOSS = "blur"
SEARCH_STARTS = 50

# The way of codes along a direction.
PATHS = (STRAIGHT, CURVED) = ("straight", "curved")

# Inversion.
INVERSION_LOSSES = ("mse", "dssim", "blur")
INVERSION_STARTS = 16
INVERSION_STEPS = 200
INVERSION_RATE = 0.1  # of Adam, at the first step
INVERSION_PIXELS = 128  # an image's longer side in the picture

# Figures.
DPI = 300
