import hashlib
from pathlib import Path

import pytest
import torch

from headlines import minilm
from headlines.base_model import load_base_model, needs_hub
from headlines.data import LABELS
from headlines.errors import TrainingError
from headlines.settings import Settings

TITLES = ["Fed official says weak data caused by weather", 'Café "résumé" naïve: 東京 $5.3bn!']


def test_minilm_as_distilbert_computes_what_bert_does() -> None:
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = minilm.package_file("config.json").parent
    bert = BertModel(BertConfig.from_pretrained(folder), add_pooling_layer=False).eval()
    weights = load_file(minilm.package_file("model.safetensors"))
    kept = {name: tensor for name, tensor in weights.items() if "pooler" not in name}
    kept.pop("embeddings.position_ids", None)
    bert.load_state_dict(kept)

    base = load_base_model(Settings(base_model="minilm-l6"), LABELS)
    tokens = base.tokenizer(TITLES, padding=True, return_tensors="pt")
    reference = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    expected = reference(TITLES, padding=False, truncation=False)["input_ids"]
    mine = base.tokenizer(TITLES, padding=False)["input_ids"]
    assert mine == expected
    assert "token_type_ids" not in tokens
    with torch.inference_mode():
        ours = base.model.distilbert.eval()(**tokens).last_hidden_state
        theirs = bert(**tokens).last_hidden_state
    mask = tokens["attention_mask"].bool()
    assert torch.allclose(ours[mask], theirs[mask], atol=2e-5)
    assert ours[mask].abs().max() > 0.1


def test_labels_and_length_go_into_the_model() -> None:
    base = load_base_model(Settings(base_model="tiny-random", max_length=16), LABELS)
    assert base.model.config.id2label == dict(enumerate(LABELS))
    assert base.model.config.label2id["Health"] == 3
    assert base.tokenizer.model_max_length == 16


def test_a_folder_in_16_bits_is_trained_in_32(tmp_path: Path) -> None:
    base = load_base_model(Settings(base_model="tiny-random"), LABELS)
    base.model.half().save_pretrained(tmp_path)
    base.tokenizer.save_pretrained(tmp_path)
    loaded = load_base_model(Settings(base_model=str(tmp_path)), LABELS)
    assert {tensor.dtype for tensor in loaded.model.parameters()} == {torch.float32}


def test_a_tampered_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(minilm.DIGESTS, "vocab.txt", hashlib.sha256(b"other").hexdigest())
    with pytest.raises(TrainingError, match=r"not the pinned .*reinstall"):
        minilm.package_file("vocab.txt")


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package_here")
    with pytest.raises(TrainingError, match="not installed; install it with 'pip install"):
        minilm.package_file("vocab.txt")


def test_an_unknown_weight_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"unexpected weight 'encoder\.extra'"):
        minilm.rename({"encoder.extra": torch.zeros(1)})


def test_a_folder_without_a_model_says_so(tmp_path: Path) -> None:
    assert not needs_hub(str(tmp_path))
    with pytest.raises(TrainingError, match="must hold a saved DistilBERT"):
        load_base_model(Settings(base_model=str(tmp_path)), LABELS)


def test_an_unreachable_hub_says_what_to_do() -> None:
    # The tests run offline, so any id of the Hub fails.
    with pytest.raises(TrainingError, match=r"Hugging Face Hub: .*let the job reach the Hub"):
        load_base_model(Settings(base_model="distilbert-base-uncased-absent"), LABELS)
