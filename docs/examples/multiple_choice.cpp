// Which of two continuations fits: inputs are [questions, choices, length].
#include <albert/albert.h>
#include <cstdio>

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "model";
  auto model = albert::AlbertForMultipleChoice::from_pretrained(folder);
  albert::ModelInputs in;
  in.input_ids = albert::HostTensor::of<int64_t>({1, 2, 5}, {2, 14, 3, 25, 3, 2, 14, 3, 31, 3});
  in.token_type_ids = albert::HostTensor::of<int64_t>({1, 2, 5}, {0, 0, 0, 1, 1, 0, 0, 0, 1, 1});
  const auto out = model.forward(in);
  std::printf("choice 0: %.4f, choice 1: %.4f\n", out.logits.at<float>(0), out.logits.at<float>(1));
}
