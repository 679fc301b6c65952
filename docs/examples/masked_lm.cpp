// The most likely word in the place of a [MASK] (id 4).
#include <albert/albert.h>
#include <algorithm>
#include <cstdio>

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "model";
  auto model = albert::AlbertForMaskedLM::from_pretrained(folder);
  const auto out = model.forward(albert::Sequences{{{2, 14, 4, 25, 3}}});
  const auto scores = out.logits.row<float>(2);  // of the token at position 2
  const auto best = std::max_element(scores.begin(), scores.end());
  std::printf("best id %td with logit %.4f\n", best - scores.begin(), *best);
}
