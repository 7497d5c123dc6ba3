"""What a row, or the true image of a pair, is to the model; scores of different parts are never averaged."""

TRAINING, HELD_OUT_ROWS, HELD_OUT_CLASSES, ALL_ROWS = "training", "held_out_rows", "held_out_classes", "all_rows"
PARTS = (TRAINING, ALL_ROWS, HELD_OUT_ROWS, HELD_OUT_CLASSES)  # the first that is there makes the score
IN_WORDS = {
    TRAINING: "rows trained on",
    ALL_ROWS: "all rows (nothing says which were trained on)",
    HELD_OUT_ROWS: "rows not trained on, of classes that were",
    HELD_OUT_CLASSES: "classes never trained on",
}
