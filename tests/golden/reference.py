"""Random ALBERTs, inputs for them, and what transformers computes from both; for make_golden.py and
scripts/parity_check.

Tensors are named as in the golden files: in.* are given, out.* and grad.* computed (README.md).
"""

import copy
import dataclasses

import torch
import transformers

CLASSES = {
    "model": transformers.AlbertModel,
    "pretraining": transformers.AlbertForPreTraining,
    "masked-lm": transformers.AlbertForMaskedLM,
    "sequence-classification": transformers.AlbertForSequenceClassification,
    "sequence-multilabel": transformers.AlbertForSequenceClassification,
    "sequence-regression": transformers.AlbertForSequenceClassification,
    "multiple-choice": transformers.AlbertForMultipleChoice,
    "token-classification": transformers.AlbertForTokenClassification,
    "question-answering": transformers.AlbertForQuestionAnswering,
}
HEAD_CONFIG = {
    "sequence-classification": {"num_labels": 3, "problem_type": "single_label_classification"},
    "sequence-multilabel": {"num_labels": 3, "problem_type": "multi_label_classification"},
    "sequence-regression": {"num_labels": 1, "problem_type": "regression"},
    "token-classification": {"num_labels": 5},
}
# Outputs with a row for every token; `logits` is one in the last two heads only.
TOKEN_OUTPUTS = {
    "last_hidden_state",
    "hidden_states",
    "prediction_logits",
    "start_logits",
    "end_logits",
}
TOKEN_LOGITS = {"masked-lm", "token-classification"}
IGNORED = -100


@dataclasses.dataclass
class Layout:
    """How the inputs of a case lie in their padded rows."""

    lengths: (
        list  # real tokens of each sequence; multiple choice uses them for every choice in turn
    )
    width: int  # columns
    mask: str = (
        "prefix"  # the real tokens come first; "left": last; "holes": column 0 and others anywhere
    )
    choices: int = 4
    labels: str = (
        "some"  # of the real tokens; "all": each; "gaps": no label at all in the first sequence
    )
    positions: str = ""  # "rows": in.position_ids [B, S]; "one": [1, S]
    embeds: bool = False  # in.inputs_embeds instead of in.input_ids
    pad_tokens: bool = False  # many real tokens are the padding token
    garbage: bool = False  # random ids and types at padding, which must not matter


def head_class(head):
    """The name of `head` for `albert forward --head`."""
    return "sequence-classification" if head.startswith("sequence-") else head


def build(head, overrides, generator):
    """A random model: weights N(0, 0.2), narrower where that would saturate; LayerNorm
    1 + N(0, 0.1); biases N(0, 0.1).
    """
    config = transformers.AlbertConfig(
        **{
            "hidden_dropout_prob": 0.0,
            "attention_probs_dropout_prob": 0.0,
            "classifier_dropout_prob": 0.0,
            "dtype": "float32",
            **HEAD_CONFIG.get(head, {}),
            **overrides,
        }
    )
    config._attn_implementation = "eager"
    model = CLASSES[head](config).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            if p.dim() == 2:
                p.copy_(noise * min(0.2, 1.5 / p.shape[1] ** 0.5))
            else:
                p.copy_(noise * 0.1 + (1.0 if name.endswith("orm.weight") else 0.0))
    return model


def attention_mask(layout, rows, generator):
    mask = torch.zeros(rows, layout.width, dtype=torch.int64)
    for row in range(rows):
        real = layout.lengths[row % len(layout.lengths)]
        if layout.mask == "prefix":
            mask[row, :real] = 1
        elif layout.mask == "left":
            mask[row, layout.width - real :] = 1
        else:
            others = torch.randperm(layout.width - 1, generator=generator)[: real - 1] + 1
            mask[row, 0] = 1
            mask[row, others] = 1
    return mask


def token_inputs(config, layout, mask, generator):
    rows, width = mask.shape

    def integers(high, shape=(rows, width)):
        return torch.randint(0, high, shape, generator=generator)

    def at_padding(ids, padding):
        return torch.where(
            mask == 1, ids, integers(int(ids.max()) + 1) if layout.garbage else padding
        )

    pad = config.pad_token_id or 0
    types = integers(config.type_vocab_size)
    types.view(-1)[mask.view(-1).nonzero()[: config.type_vocab_size, 0]] = torch.arange(
        config.type_vocab_size
    )[: int(mask.sum())]
    inputs = {"attention_mask": mask, "token_type_ids": at_padding(types, 0)}
    if layout.embeds:
        inputs["inputs_embeds"] = (
            torch.randn(rows, width, config.embedding_size, generator=generator) * 0.3
        )
    else:
        ids = integers(config.vocab_size)
        if layout.pad_tokens:
            ids = torch.where(integers(3) == 0, pad, ids)
        inputs["input_ids"] = at_padding(ids, pad)
    if layout.positions:
        inputs["position_ids"] = integers(
            config.max_position_embeddings, (rows if layout.positions == "rows" else 1, width)
        )
    return inputs


def token_labels(classes, layout, mask, generator):
    """[B, S] classes at some real tokens, at least one, and IGNORED elsewhere."""
    chosen = mask == 1
    if layout.labels != "all":
        chosen &= torch.rand(mask.shape, generator=generator) < 0.4
    if layout.labels == "gaps":
        chosen[0] = False
    if not chosen.any():
        chosen[tuple(mask.nonzero()[-1])] = True
    return torch.where(chosen, torch.randint(0, classes, mask.shape, generator=generator), IGNORED)


def head_labels(head, config, layout, mask, generator):
    rows, width = mask.shape
    batch = rows // layout.choices if head == "multiple-choice" else rows

    def classes(high):
        return torch.randint(0, high, (batch,), generator=generator)

    if head == "model":
        hidden = torch.randn(rows, width, config.hidden_size, generator=generator) * mask[..., None]
        pooled = torch.randn(rows, config.hidden_size, generator=generator)
        return {"upstream.last_hidden_state": hidden, "upstream.pooler_output": pooled}
    if head == "pretraining":
        return {
            "labels": token_labels(config.vocab_size, layout, mask, generator),
            "sentence_order_label": classes(2),
        }
    if head in TOKEN_LOGITS:
        count = config.vocab_size if head == "masked-lm" else config.num_labels
        return {"labels": token_labels(count, layout, mask, generator)}
    if head == "question-answering":
        spans = {
            name: (torch.rand(rows, generator=generator) * mask.sum(1)).long()
            for name in ("start_positions", "end_positions")
        }
        if layout.labels == "gaps":  # beyond the sequence: no loss
            spans["start_positions"][0] = width + 3
        return spans
    if head == "sequence-multilabel":
        return {
            "labels": torch.randint(0, 2, (batch, config.num_labels), generator=generator).float()
        }
    if head == "sequence-regression":
        shape = (batch,) if config.num_labels == 1 else (batch, config.num_labels)
        return {"labels": torch.randn(shape, generator=generator)}
    return {"labels": classes(layout.choices if head == "multiple-choice" else config.num_labels)}


def make_inputs(head, config, layout, generator):
    """The in.* tensors. With `head` multiple-choice a sequence per choice, [B, C, S]."""
    batch = len(layout.lengths)
    rows = batch * layout.choices if head == "multiple-choice" else batch
    mask = attention_mask(layout, rows, generator)
    inputs = token_inputs(config, layout, mask, generator)
    labels = head_labels(head, config, layout, mask, generator)
    if head == "multiple-choice":
        inputs = {
            name: value.view(batch, layout.choices, *value.shape[1:])
            for name, value in inputs.items()
        }
    return {"in." + name: value.contiguous() for name, value in {**inputs, **labels}.items()}


def masked_span_loss(result, inputs):
    """The loss of question answering with padding kept out of the soft-max, as we define it and
    transformers does not.
    """
    losses = []
    for kind in ("start", "end"):
        logits = result[kind + "_logits"].masked_fill(inputs["attention_mask"] == 0, float("-inf"))
        target = inputs[kind + "_positions"].clamp(0, logits.shape[1])
        losses.append(
            torch.nn.functional.cross_entropy(logits, target, ignore_index=logits.shape[1])
        )
    return (losses[0] + losses[1]) / 2


def run(head, model, tensors, dtype):
    """transformers' result, its loss, and the inputs_embeds leaf or None."""
    inputs = {
        k[3:]: v.to(dtype) if v.is_floating_point() else v
        for k, v in tensors.items()
        if k.startswith("in.")
    }
    upstream = {k[9:]: inputs.pop(k) for k in list(inputs) if k.startswith("upstream.")}
    embeds = inputs.get("inputs_embeds")
    if embeds is not None:
        embeds.requires_grad_()
    result = model(**inputs, output_hidden_states=True, output_attentions=True)
    if head == "model":
        loss = sum((result[name] * value).sum() for name, value in upstream.items())
    elif head == "question-answering" and not inputs["attention_mask"].all():
        loss = masked_span_loss(result, inputs)
    else:
        loss = result.loss
    return result, loss, embeds


def compute(head, model, tensors, dtype=torch.float64):
    """Every out.* (zero at padding) and grad.* (zero where nothing flows) in `dtype`, returned in
    float64.
    """
    model = copy.deepcopy(model).to(dtype).eval()
    result, loss, embeds = run(head, model, {k: v.clone() for k, v in tensors.items()}, dtype)
    loss.backward()
    mask = tensors["in.attention_mask"]
    mask = mask.view(-1, mask.shape[-1])
    out = {"out.loss": loss.reshape(1)}
    for name, value in result.items():
        if name == "attentions":
            pairs = mask[:, None, :, None] * mask[:, None, None, :]
            out.update({f"out.attentions.{i}": v * pairs for i, v in enumerate(value)})
        elif name == "hidden_states":
            out.update({f"out.hidden_states.{i}": v * mask[..., None] for i, v in enumerate(value)})
        elif name != "loss":
            by_token = name in TOKEN_OUTPUTS or (name == "logits" and head in TOKEN_LOGITS)
            out["out." + name] = (
                value * mask.view(mask.shape + (1,) * (value.dim() - 2)) if by_token else value
            )
    for name, p in model.named_parameters():
        if p.grad is None and name == "predictions.bias":
            continue  # nothing reads it where the decoder is untied and has a bias of its own
        out["grad." + name] = torch.zeros_like(p) if p.grad is None else p.grad
    if embeds is not None:
        out["grad.inputs_embeds"] = embeds.grad
    return {name: value.detach().double().contiguous() for name, value in out.items()}
