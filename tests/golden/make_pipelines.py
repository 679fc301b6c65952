#!/usr/bin/env python3
"""Writes tokenizer/pipelines.json: small tokenizer.json files with every step that is read, and
the ids and offsets that the `tokenizers` library gives on odd texts.

usage: make_pipelines.py        (needs: pip install tokenizers; made with 0.23.3)
"""

import json
import pathlib

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = [
    "A whale swam past the ship, and in 1990 he paid 1,000, for it.",
    "the captain sang; nobody knew why. What's new?",
    "Café naïve über x-ray 3,5 and 2010, ½ ™",
    "new york is far away from here (very far)",
    "中文 字 かな 한국어",
] * 4
TEXTS = [
    "",
    " ",
    "a whale",
    "In 1990, he paid 1,000, for it",
    "1,2,3, 10% １，０ ½ ² ①,",
    "Café NAÏVE u\u0308ber é́",
    "ﬁne ™ ＡＢＣ Ⅳ",
    "  two  blanks\tand\u00a0more\u3000 ",
    "[MASK] x [SEP]<unk>",
    "don't: (x-ray)… “q” ``a'' --",
    "中文字 a中b かな 한국어",
    "a\u200bb\u00ad\u0001c\ue000\ufeff",
    "NEW YORK new york, newyork Zz zZ Zzz raw rawest  raw  x",
    "ΣΑΣ İ ß",
    "\u1100\u1161\u11a8 क्षि 👨\u200d👩",
    "▁a ▁▁b",
    "a\nb\r\nc\u2028d",
]
N, P = normalizers, pre_tokenizers
NORMALIZERS = {
    "none": None,
    "NFC": N.NFC(),
    "NFD": N.NFD(),
    "NFKC": N.NFKC(),
    "NFKD": N.NFKD(),
    "Nmt": N.Nmt(),
    "Lowercase": N.Lowercase(),
    "StripAccents": N.Sequence([N.NFD(), N.StripAccents()]),
    "Strip": N.Strip(),
    "Prepend": N.Prepend("▁"),
    "Replace": N.Sequence(
        [
            N.Replace("``", '"'),
            N.Replace(Regex(" {2,}"), " "),
            N.Replace(Regex(r"(?i)the|\d+"), "0"),
        ]
    ),
    "Bert": N.BertNormalizer(),
    "BertCased": N.BertNormalizer(lowercase=False),
    "BertKeep": N.BertNormalizer(strip_accents=False),
    "BertPlain": N.BertNormalizer(clean_text=False, handle_chinese_chars=False),
}
PRE_TOKENIZERS = {
    "Metaspace": P.Metaspace(),
    "first": P.Metaspace(prepend_scheme="first"),
    "never": P.Metaspace(prepend_scheme="never"),
    "whole": P.Metaspace(split=False),
    "WhitespaceSplit": P.WhitespaceSplit(),
    "Whitespace": P.Whitespace(),
    "Bert": P.BertPreTokenizer(),
    "Punctuation": P.Sequence([P.Punctuation(), P.Metaspace()]),
    "contiguous": P.Punctuation("contiguous"),
    "Digits": P.Digits(True),
    "Split": P.Split(
        Regex(r"'s|'t| ?\p{L}+| ?\p{N}{1,3}|[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"), "isolated"
    ),
    "SplitNext": P.Split("a", "merged_with_next"),
    "Delimiter": P.CharDelimiterSplit("-"),
    "Albert": P.Sequence([P.WhitespaceSplit(), P.Metaspace()]),
}
PAIRS = [
    ("none", "Metaspace"),
    ("NFC", "Albert"),
    ("NFD", "first"),
    ("NFKC", "Metaspace"),
    ("NFKD", "never"),
    ("Nmt", "whole"),
    ("Lowercase", "Punctuation"),
    ("StripAccents", "Digits"),
    ("Strip", "first"),
    ("Prepend", "Split"),
    ("Replace", "Whitespace"),
    ("none", "SplitNext"),
    ("none", "Delimiter"),
    ("NFC", "contiguous"),
]
BERT_PAIRS = [
    ("Bert", "Bert"),
    ("BertCased", "Bert"),
    ("BertKeep", "Bert"),
    ("BertPlain", "WhitespaceSplit"),
    ("Lowercase", "Whitespace"),
]


def trained(normalizer, pre_tokenizer, unigram):
    special = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(
        models.Unigram()
        if unigram
        else models.WordPiece(unk_token="<unk>", max_input_chars_per_word=12)
    )
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    trainer = (
        trainers.UnigramTrainer(
            vocab_size=90, special_tokens=special, unk_token="<unk>", show_progress=False
        )
        if unigram
        else trainers.WordPieceTrainer(vocab_size=110, special_tokens=special, show_progress=False)
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer.decoder = decoders.Metaspace() if unigram else decoders.WordPiece()
    return tokenizer


def main():
    made = []
    for unigram, pairs in ((True, PAIRS), (False, BERT_PAIRS)):
        for place, (normalizer, pre_tokenizer) in enumerate(pairs):
            tokenizer = trained(NORMALIZERS[normalizer], PRE_TOKENIZERS[pre_tokenizer], unigram)
            if place % 2:
                tokenizer.add_tokens(
                    [
                        AddedToken("new york", normalized=True),
                        AddedToken("Zz", single_word=True, normalized=True),
                        AddedToken("raw", lstrip=True, rstrip=True, normalized=False),
                        AddedToken("rawest", normalized=False),
                    ]
                )
            cases = []
            for text in TEXTS:
                e = tokenizer.encode(text, add_special_tokens=False)
                cases.append(
                    {
                        "text": text,
                        "ids": e.ids,
                        "offsets": e.offsets,
                        "decoded": tokenizer.decode(e.ids),
                    }
                )
            made.append(
                {
                    "name": f"{'Unigram' if unigram else 'WordPiece'} {normalizer} {pre_tokenizer}",
                    "file": json.loads(tokenizer.to_str()),
                    "cases": cases,
                }
            )
    lines = ",\n".join(json.dumps(m, ensure_ascii=False) for m in made)
    (HERE / "tokenizer" / "pipelines.json").write_text(f"[{lines}]\n")


if __name__ == "__main__":
    main()
