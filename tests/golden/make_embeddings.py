#!/usr/bin/env python3
"""Writes embeddings/: a small random model with a vocab.txt, what sentence-transformers makes of
texts with every module, and what transformers' fill-mask pipeline and its heads give.

usage: make_embeddings.py       (needs: pip install sentence-transformers; made with 6.2.0,
                                 transformers 5.24.0, PyTorch 2.15.0)
"""

import json
import pathlib
import tempfile

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Dense, Normalize, Pooling, Transformer
from transformers import AlbertConfig, AlbertForPreTraining, AutoTokenizer, pipeline

HERE = pathlib.Path(__file__).resolve().parent / "embeddings"
HIDDEN, DENSE = 12, 5
WORDS = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] the a whale ship sea swam past and old captain sang saw far "
    "away query : what is passage ##s ##ing ##n un ##know , . ? ! ' 中 文 字 caf ##e ##é 1 ##0 ##9"
).split()
TEXTS = [
    "",
    "The whale swam past the ship.",
    "中文字 a whale",
    "unknowns, CAFÉ café 1990!",
    "sea " * 20,
    "  the   captain\tsang ",
]
MASKED = [
    "the [MASK] swam past the ship.",
    "[MASK] captain saw the [MASK], far away",
    "中 [MASK] 字",
    "[MASK][MASK]",
]
SCORED = ["the unknowns swam past 1990", "a whale", "中文字", ""]
PAIRS = [["the whale swam.", "the captain sang!"], ["the captain sang!", "the whale swam."]]


def transformer(length=None):
    return Transformer(str(HERE), **({"max_seq_length": length} if length else {}))


def dense(**options):
    torch.manual_seed(7)
    return Dense(HIDDEN, **{"out_features": DENSE, **options})


def cases():
    modes = list(Pooling.POOLING_MODES)
    for mode in modes:
        yield mode, [transformer(), Pooling(HIDDEN, pooling_mode=mode)], {}
    yield "several", [transformer(), Pooling(HIDDEN, pooling_mode=tuple(modes[::-1]))], {}
    mean = Pooling(HIDDEN, pooling_mode="mean")
    yield "normalize", [transformer(), mean, Normalize()], {}
    yield "short", [transformer(8), mean], {}
    nn = torch.nn
    for function in (nn.Tanh, nn.Identity, nn.ReLU, nn.GELU, nn.Sigmoid, nn.SiLU):
        module = dense(activation_function=function())
        yield function.__name__, [transformer(), mean, module, Normalize()], {}
    yield "no_bias", [transformer(), mean, dense(bias=False)], {}
    yield "residual", [transformer(), mean, dense(out_features=HIDDEN, use_residual=True)], {}
    yield "projected", [transformer(), mean, dense(use_residual=True)], {}
    prompts = {
        "prompts": {"query": "query: what is ", "document": "passage: "},
        "default_prompt_name": "document",
    }
    yield "prompts", [transformer(), mean], prompts
    yield (
        "left_out",
        [transformer(), Pooling(HIDDEN, pooling_mode=tuple(modes), include_prompt=False)],
        prompts,
    )


def rounded(values):
    return [[float(f"{value:.8g}") for value in row] for row in values.tolist()]


def case_json(name, modules, settings):
    model = SentenceTransformer(modules=modules, device="cpu", **settings)
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder, create_model_card=False)
        files = {
            str(path.relative_to(folder)): json.loads(path.read_text())
            for path in sorted(pathlib.Path(folder).rglob("*.json"))
            if path.name not in ("config.json", "tokenizer.json") or path.parent.name[:1].isdigit()
        }
    tensors = {}
    for module in modules:
        if isinstance(module, Dense):
            tensors = {key: rounded(torch.atleast_2d(t)) for key, t in module.state_dict().items()}
    case = {"name": name, "files": files, "tensors": tensors}
    case["embeddings"] = rounded(torch.tensor(model.encode(TEXTS)))
    if settings:
        case["query"] = rounded(torch.tensor(model.encode(TEXTS, prompt_name="query")))
    return case


def write_model():
    torch.manual_seed(1)
    config = AlbertConfig(
        vocab_size=len(WORDS),
        embedding_size=6,
        hidden_size=HIDDEN,
        num_hidden_layers=3,
        num_attention_heads=3,
        intermediate_size=14,
        max_position_embeddings=16,
        initializer_range=0.5,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
    )
    model = AlbertForPreTraining(config).eval()
    for name, parameter in model.named_parameters():  # biases, too: they start at zero
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(HERE)
    (HERE / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    settings["strip_accents"] = False
    (HERE / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    return model


def log_probabilities(model, tokenizer, text, within_word):
    ids = tokenizer(text)["input_ids"]
    words = tokenizer.convert_ids_to_tokens(ids)
    scores = []
    for place in range(1, len(ids) - 1):
        masked = list(ids)
        masked[place] = tokenizer.mask_token_id
        if within_word:
            for later in range(place + 1, len(ids)):
                if not words[later].startswith("##"):
                    break
                masked[later] = tokenizer.mask_token_id
        logits = model(torch.tensor([masked])).prediction_logits[0, place]
        scores.append(float(torch.log_softmax(logits.double(), 0)[ids[place]]))
    return scores


@torch.no_grad()
def main():
    HERE.mkdir(exist_ok=True)
    model = write_model()
    tokenizer = AutoTokenizer.from_pretrained(HERE)
    golden = {"texts": TEXTS, "cases": [case_json(*case) for case in cases()]}
    fill = pipeline("fill-mask", model=str(HERE), device="cpu")
    golden["masked"] = []
    for text in MASKED:
        targets = ["sea", "whale", "captain", "unknown"]
        golden["masked"].append(
            {"text": text, "words": fill(text), "targets": fill(text, targets=targets, top_k=3)}
        )
    golden["targets"] = targets
    golden["scored"] = [
        {
            "text": text,
            "original": log_probabilities(model, tokenizer, text, False),
            "within_word_l2r": log_probabilities(model, tokenizer, text, True),
        }
        for text in SCORED
    ]
    golden["pairs"] = [
        {
            "pair": pair,
            "in_order": float(
                model(**tokenizer(*pair, return_tensors="pt")).sop_logits.double().softmax(-1)[0, 0]
            ),
        }
        for pair in PAIRS
    ]
    text = json.dumps(golden, ensure_ascii=False)
    (HERE / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
