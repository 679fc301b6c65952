#!/usr/bin/env python3
"""Writes train.tsv and dev.tsv, short opinions on invented books made for albert's demo (CC0). No sentence is in both.

usage: make_reviews.py
"""
import pathlib
import random

THINGS = ["the book", "this novel", "the story", "the first chapter", "the ending", "the captain's speech", "the plot", "the voyage",
          "the dialogue", "the style", "the translation", "the second volume", "the courtship", "the sermon", "the sea-fight", "the heroine",
          "the hero", "the last page", "the preface", "every chapter", "the whole affair", "the quarrel of the clergymen", "the hunt"]
GOOD = ["delightful", "charming", "splendid", "a true pleasure", "noble and moving", "full of life", "wise and merry", "admirable",
        "a great success", "beautifully written", "thrilling", "warm and honest", "excellent", "a joy from first to last", "lively", "masterly"]
BAD = ["dreadful", "tedious", "a sad failure", "dull beyond words", "badly written", "hollow and cold", "tiresome", "a waste of an evening",
       "clumsy", "ridiculous", "lifeless", "feeble", "wretched", "a great disappointment", "false in every line", "miserable"]
OPEN = ["", "to my mind ", "i must say that ", "all my friends agree that ", "after two evenings i find that ", "no one can deny that ",
        "the critics were right: ", "whatever you may hear, ", "my aunt thinks that "]
CLOSE = ["", " from beginning to end", " and nothing more", ", even on a second reading", ", which i did not expect", " in my opinion",
         ", and i shall tell everyone so"]
GOOD_ENDS = ["i loved it", "i could not put it down", "read it at once", "i wish it were longer", "i laughed and wept", "buy it for a friend"]
BAD_ENDS = ["i fell asleep over it", "i wish i had never begun it", "leave it on the shelf", "i threw it into the fire", "do not waste your money",
            "i could not finish it"]


def sentence(r, good):
    word = r.choice(GOOD if good else BAD)
    kind = r.random()
    thing = r.choice(THINGS)
    if kind < 0.45:
        return f"{r.choice(OPEN)}{thing} is {word}{r.choice(CLOSE)} ."
    if kind < 0.65:  # the other side's word, denied
        return f"{r.choice(OPEN)}{thing} is not {r.choice(BAD if good else GOOD)} ; {r.choice(GOOD_ENDS if good else BAD_ENDS)} ."
    if kind < 0.85:
        return f"{thing} is {word} ; {r.choice(GOOD_ENDS if good else BAD_ENDS)} ."
    return f"{r.choice(OPEN)}{thing} was {word} , and {r.choice(THINGS)} {r.choice(['too', 'no less', 'even more so'])} ."


def main():
    r = random.Random(1851)
    made = {}
    while len(made) < 3600:
        good = r.random() < 0.5
        made.setdefault(sentence(r, good), good)
    rows = sorted(made.items())
    r.shuffle(rows)
    folder = pathlib.Path(__file__).parent
    for name, part in (("dev.tsv", rows[:400]), ("train.tsv", rows[400:])):
        lines = ["sentence\tlabel"] + [f"{text}\t{int(good)}" for text, good in part]
        (folder / name).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
