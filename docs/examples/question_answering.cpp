// The best answer span of a question (segment 0) and a passage (segment 1).
#include <albert/albert.h>
#include <algorithm>
#include <cstdio>

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "model";
  auto model = albert::AlbertForQuestionAnswering::from_pretrained(folder);
  const auto out =
      model.forward(albert::Sequences{{{2, 14, 3, 25, 31, 40, 3}}, {{0, 0, 0, 1, 1, 1, 1}}});
  const auto start = out.start_logits.row<float>(0).subspan(3, 3),  // of the passage
      end = out.end_logits.row<float>(0).subspan(3, 3);
  const auto from = std::max_element(start.begin(), start.end()) - start.begin();
  const auto to = std::max_element(end.begin() + from, end.end()) - end.begin();
  std::printf("tokens %td to %td, score %.4f\n", from + 3, to + 3,
              start[size_t(from)] + end[size_t(to)]);
}
