// Which of two continuations fits: two choices, one after the other, for one question.
#include <albert/albert.h>
#include <cstdio>

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "model";
  auto model = albert::AlbertForMultipleChoice::from_pretrained(folder);
  const albert::Sequences in{.input_ids = {{2, 14, 3, 25, 3}, {2, 14, 3, 31, 3}},
                             .token_type_ids = {{0, 0, 0, 1, 1}, {0, 0, 0, 1, 1}},
                             .choices = 2};
  const auto out = model.forward(in);
  const auto scores = out.logits.row<float>(0);
  std::printf("choice 0: %.4f, choice 1: %.4f\n", scores[0], scores[1]);
}
