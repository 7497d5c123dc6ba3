"""Names that are in no table: which of those that are known may be meant."""

import pytest

from disentool.errors import UnknownName, counted, nearest, require_known, typed, with_article
from disentool.methods import METHODS
from disentool.metrics import METRICS


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("FactorVAE", METHODS, "factorvae"),
        ("beta-TC-VAE", METHODS, "betatcvae"),
        ("MIG", METRICS, "mig"),
        ("lr", ["latent_dim", "learning_rate", "likelihood"], "learning_rate"),
        ("--lr", ["--latent-dim", "--learning-rate", "--resume"], "--learning-rate"),
        ("z_dim", ["latent_dim", "hidden_units"], "latent_dim"),
        ("GPU", ["auto", "cpu", "cuda", "mps"], "cuda"),
        ("3DShapes", ["dsprites", "shapes3d", "cars3d"], "shapes3d"),
        ("factr", METRICS, "factor"),
    ],
)
def test_the_nearest_name_ignores_case_and_knows_synonyms(name, known, meant):
    assert nearest(name, known)[0] == meant
    assert f"did you mean {meant}" in str(UnknownName("name", name, known))


def test_a_name_that_is_like_no_other_has_none_near():
    assert nearest("frobnicate", ["mig", "sap"]) == []
    assert "known: mig, sap" in str(UnknownName("metric", "frobnicate", ["sap", "mig"]))


def test_synonyms_stand_only_for_names_that_are_known():
    assert nearest("lr", ["mig", "sap"]) == []


def test_counts_and_articles():
    assert [counted(n, "class", "classes") for n in (0, 1, 2000)] == ["0 classes", "1 class", "2,000 classes"]
    assert (typed(3), typed([])) == ("an int", "a list")
    assert [with_article(noun) for noun in ("HDF5 file", "image", "file")] == ["an HDF5 file", "an image", "a file"]


def test_all_that_is_unknown_of_a_list_is_told_at_once():
    require_known("metric", ["mig", "sap"], ["mig", "sap"])
    with pytest.raises(UnknownName, match="'MIG'; did"):
        require_known("metric", ["MIG", "sap"], ["mig", "sap"])
    with pytest.raises(UnknownName) as several:
        require_known("metric", ["MIG", "SAP", "MIG", "sap"], ["mig", "sap"])
    assert [str(several.value).count(words) for words in ("(did you mean mig?)", "(did you mean sap?)", "known:")] == [
        1,
        1,
        0,
    ]
    with pytest.raises(UnknownName, match="'frobnicate'; known"):
        require_known("metric", ["MIG", "frobnicate"], ["mig", "sap"])
