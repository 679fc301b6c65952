// From a text with [MASK] to its likeliest words: mask_filler FOLDER TEXT
#include <albert/albert.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto filler = albert::MaskFiller::from_pretrained(argv[1]);
  for (const auto& mask : filler.fill(argv[2], 3))
    for (const auto& word : mask) std::printf("%.4f %s\n", word.score, word.sequence.c_str());
}
