"""The toolkit's file formats: the one definition, which readers check against and whose text is the documentation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Array:
    """A dataset of an HDF5 file. Letters in ``shape`` stand for sizes that must agree within the file."""

    path: str
    dtype: str
    shape: tuple[str, ...]
    doc: str
    required: bool = True


@dataclass(frozen=True)
class Format:
    """A kind of file: its ``format`` attribute, the newest version known here, its arrays and attributes."""

    name: str
    version: int
    doc: str
    arrays: tuple[Array, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()  # (name, what it is)


COMMON = (
    ("format", "the format's name; written last, so that an unfinished file is none"),
    ("version", "integer; a reader refuses newer ones"),
    ("created_by", "toolkit and version"),
    ("command", "the command line that made the file"),
    (
        "content_sha256",
        "sha256 of the sorted lines 'path dtype shape sha256(bytes)' of all arrays of numbers, joined by newlines;"
        " dtype is as NumPy writes it (|u1) and shape as 10x64x64x1; may be left out; `info --verify` recomputes it",
    ),
)

DATASET = Format(
    "disentool.dataset",
    1,
    "Images with their factors of variation. (`decode` and `sample` add `codes` float32 [N,D], which they decoded;"
    " `sample --direction` adds `t` float64 [N,T], the position of each image along each of T directions.)",
    (
        Array("images", "uint8", ("N", "H", "W", "C"), "0..255; contiguous unless compressed"),
        Array("factors", "int32", ("N", "K"), "class index of each factor, 0..size-1", required=False),
        Array("factor_values/<name>", "float64", ("size",), "physical value of each class", required=False),
        Array(
            "continuous/<name>", "float64", ("N",), "a measured factor before it was cut into classes", required=False
        ),
        Array("split", "uint8", ("N",), "0 train, 1 test", required=False),
    ),
    (
        ("name", "the data set's name"),
        ("source", "where the pixels come from"),
        ("likelihood", "what a decoder should assume of a pixel: bernoulli or gaussian"),
        ("grid", "true: every combination of factor values once, row-major (last factor fastest)"),
        ("factor_names", "K strings"),
        ("factor_sizes", "K integers"),
        ("class_names", "JSON: factor -> list of a word for each class, where there are words"),
        ("named_by_value", "the factors whose classes people name by their values, such as the ratings 1 to 4"),
        ("class_factor", "the factor that methods with classes take for the class; empty: none is named"),
        ("binning", "JSON: factor -> the rule that cut it into classes"),
        ("split_rule", "what `split` is: published, or what was drawn"),
        ("citation", "whom to cite"),
        ("licence", "under which terms the pixels are"),
        ("t_names", "of samples along directions: the name of each column of t"),
        ("t_laws", "JSON: of samples along directions: direction -> {law, unit}, and the ends of a normal law"),
    ),
)

LATENTS = Format(
    "disentool.latents",
    1,
    "What a checkpoint's encoder says of each row of a data set.",
    (
        Array("mean", "float32", ("N", "D"), "mean of q(z|x), or the code itself"),
        Array("logvar", "float32", ("N", "D"), "log variance of q(z|x)", required=False),
        Array("class_code", "float32", ("N", "C"), "code of the image's class; `mean` begins with it", required=False),
        Array("content_code", "float32", ("N", "E"), "code of the rest; `mean` ends with it", required=False),
        Array("factors", "int32", ("N", "K"), "copied from the data set", required=False),
        Array("row", "int64", ("N",), "row of the data set"),
        Array(
            "class_row", "int64", ("N",), "row whose class `swap` gave the code; `row` is the content's", required=False
        ),
    ),
    (
        ("method", "the method's name"),
        ("name", "the data set's name"),
        ("grid", "true: the rows are a whole grid, in its order"),
        ("factor_names", "K strings"),
        ("factor_sizes", "K integers"),
        ("class_names", "JSON: factor -> list of a word for each class, where there are words"),
        ("classes", "JSON, of methods with classes: the factor, images trained on of each class, the classes' names"),
        ("checkpoint_sha256", "digest of the checkpoint file"),
        ("dataset_sha256", "content digest of the data set"),
        ("images", "where pictures were encoded: the file of each row, N strings"),
        (
            "provenance",
            "JSON: the method's config, seed, step, precision; categorical, the columns of mean that name classes",
        ),
    ),
)

DIRECTIONS = Format(
    "disentool.directions",
    1,
    "Directions of a generator's latent space: a group for each, along which one property t of its images changes.",
    (
        Array("<direction>/u", "float32", ("d",), "the direction; of length 1"),
        Array("<direction>/knots", "float64", ("m",), "ascending values of s = <z,u>"),
        Array("<direction>/values", "float64", ("m",), "t = g(s) at the knots; does not decrease; g(0) = 0"),
        Array("<direction>/t_valid", "float64", ("2",), "lowest and highest t that the images reached, from s = 0"),
        Array("<direction>/u_bootstrap", "float32", ("R", "d"), "u of as many resamples of the starts", required=False),
        Array("<direction>/values_bootstrap", "float64", ("R", "m"), "g of each of them", required=False),
        Array("<direction>/targets", "float64", ("T",), "the t that were aimed at", required=False),
        Array(
            "<direction>/errors",
            "float64",
            ("S", "T"),
            "of each start and target: the loss as a share of what it is for the unchanged image",
            required=False,
        ),
        Array("<direction>/kept", "uint8", ("S",), "1: the start was used, 0: it was among the worst", required=False),
    ),
    (
        ("generator", "what the generator is"),
        ("generator_sha256", "digest of the generator's file, which the directions are bound to"),
        ("method", "how they were found: paper, lm or tangent"),
        ("seed", "seed of all draws"),
        ("provenance", "JSON: every constant that all directions share"),
        ("unit (of the group <direction>)", "the unit of t"),
        (
            "facts (of the group <direction>)",
            "JSON: the direction's own constants, and what was measured of it: r2, of the moves that g was fitted to,"
            " and r2_of_all_moves, each as value and interval (a number alone: the value)",
        ),
    ),
)

GENERATOR = Format(
    "disentool.generator",
    1,
    "A JSON object beside a network that does not say what it is (model.pt2: model.json): z [B,d] (and classes [B]) ->"
    " images [B,C,H,W]. Attributes of the same names say it for module:name.",
    attributes=(
        ("latent_dim", "d"),
        ("image_range", "the numbers of black and white; left out: [0, 1]"),
        ("clip", "true: pixels beyond them are cut off; left out: the network is refused"),
        ("prior", "law of each number of z: normal (standard; also if left out) or uniform (-1..1)"),
        ("num_classes", "how many classes the network takes; left out: it takes z alone"),
        ("chunks", "widths of the parts in which z enters the network, which sum to d"),
        ("format, version", "may be left out"),
    ),
)

CHECKPOINT = Format(
    "disentool.checkpoint",
    1,
    "A torch.save of one dict, readable with torch.load(weights_only=True): every leaf is a tensor or plain Python.",
    attributes=(
        ("format, version, created_by, command", "as in HDF5 files; versions of python, torch and numpy in `versions`"),
        ("method", "the method's name"),
        ("config", "the method's options, by name"),
        ("run", "data, seed, device of the run"),
        ("data", "the data set: spec, name, content_sha256, rows, image shape, likelihood, factors, class_factor"),
        ("data.classes", "of methods with classes: factor, images trained on of each class, names {factor: words}"),
        ("networks", "state dict of every network, by name"),
        ("optimizers", "Adam's step, exp_avg and exp_avg_sq of every parameter, by phase and name"),
        ("stages", "steps of each stage"),
        ("step", "finished steps"),
        ("rng", "{seed}: every draw is keyed by (seed, step, phase); the same bits need the same torch and numpy"),
        ("history", "list of history lines, each {step, time, <term>: value}; window: the unfinished one"),
        ("seconds", "of training, in all the processes that carried the run"),
        ("statistics", "kl [D] nats, mean_std [D], mean_mean [D] of the codes over `rows` rows"),
        ("reconstruction_loss", "perceptual or pixel, of methods that can have either"),
        ("styles", "int32 [N], the style of each image of the data, of runs with --styles"),
        ("samples", "images uint8 [n,H,W,C] and their rows"),
    ),
)

EXPORT = Format(
    "disentool.checkpoint as .safetensors and .json",
    1,
    "What `export` writes: two files of one name, which `export` makes a checkpoint of again.",
    attributes=(
        ("NETWORK.PARAMETER", "each weight, a tensor of the .safetensors"),
        ("samples.images", "uint8 [n,H,W,C], a tensor of the .safetensors"),
        ("networks", "the networks' names, in the .json"),
        ("format, version, method, config, data, ...", "the checkpoint's other entries, in the .json, as they were"),
    ),
)

SCORE = Format(
    "disentool.score",
    1,
    "One JSON object a line: what `score` prints.",
    attributes=(
        ("artefact, id", "the file scored, and the first 16 hex digits of its sha256"),
        ("method, config, seed, step, data", "what the artefact says of itself"),
        ("split, rows", "which part of the data's split was scored (train, test or all), and how many rows it has"),
        ("(precision)", "of a checkpoint: what its networks computed in: fp32, tf32 or bf16"),
        (
            "(baseline)",
            "of `--baseline`: {weights: untrained, of: the id of the checkpoint}; artefact, id, method, seed and step"
            " are then of the model with fresh weights",
        ),
        ("metric, protocol, score, interval, per_factor, details", "the measurement; details holds every constant"),
    ),
)

CORRELATION = Format(
    "disentool.correlation",
    1,
    "One JSON object a line: what `correlate` prints.",
    attributes=(
        ("metrics, protocols, models", "the pair, and how many models have both"),
        ("pearson, kendall, spearman", "{coefficient, p}"),
    ),
)

INVERSION = Format(
    "disentool.inversion",
    1,
    "One JSON object a line, for each image and loss: what `invert` found.",
    attributes=(
        ("artefact, id", "the generator, and the first 16 hex digits of its digest"),
        ("image, class", "the image that was looked for, and the class of the best code, where there are classes"),
        (
            "loss, sigma",
            "what was made small (or encoder: what a checkpoint's own encoder says), and a blur's pixels",
        ),
        (
            "mse, psnr, dssim, blur S",
            "how far the image found is from the one looked for, by four measures, whatever loss",
        ),
        ("lpips", "with --lpips: how far by LPIPS"),
        ("detail", "its energy of neighbours' differences as a share of the image's: below 1 it is blurred"),
        ("norm", "length of the code"),
        ("reached, details", "the loss that the best, the median and the worst start came to; every constant"),
    ),
)

HISTORY = Format(
    "disentool.history",
    1,
    "One JSON object a line beside the checkpoint: {step, time (training seconds), <term>: mean since the last line}.",
)

FORMATS = {
    f.name: f
    for f in (DATASET, LATENTS, DIRECTIONS, GENERATOR, CHECKPOINT, EXPORT, SCORE, CORRELATION, INVERSION, HISTORY)
}


def text() -> str:
    """The definitions as text for people: what `disentool info --schema` prints."""
    lines = [
        "The files of disentool. Arrays and attributes are of the HDF5 root; what stands in parentheses may be left",
        "out; other arrays and attributes are allowed. A file written by any program that follows this is accepted.",
        "",
        "attributes of every HDF5 file (format and version must be there)",
        *(f"  {name}: {what}" for name, what in COMMON),
    ]
    for form in FORMATS.values():
        lines += ["", f"{form.name}, version {form.version}", f"  {form.doc}"]
        for array in form.arrays:
            line = f"{array.path}  {array.dtype} [{','.join(array.shape)}]"
            lines.append(f"  array {line if array.required else f'({line})'}: {array.doc}")
        kind = "attribute" if form.arrays else "entry"
        lines += [f"  {kind} {f'({name})' if form.arrays else name}: {what}" for name, what in form.attributes]
    return "\n".join(lines)
