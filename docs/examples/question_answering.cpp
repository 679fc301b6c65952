// The best answer span of a question (segment 0) and a passage (segment 1).
#include <albert/albert.h>
#include <algorithm>
#include <cstdio>

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "model";
  auto model = albert::AlbertForQuestionAnswering::from_pretrained(folder);
  albert::ModelInputs in;
  in.input_ids = albert::HostTensor::of<int64_t>({1, 7}, {2, 14, 3, 25, 31, 40, 3});
  in.token_type_ids = albert::HostTensor::of<int64_t>({1, 7}, {0, 0, 0, 1, 1, 1, 1});
  const auto out = model.forward(in);
  const float *start = out.start_logits.data<float>(), *end = out.end_logits.data<float>();
  const auto from = std::max_element(start + 3, start + 6) - start;
  const auto to = std::max_element(end + from, end + 6) - end;
  std::printf("tokens %td to %td, score %.4f\n", from, to, start[from] + end[to]);
}
