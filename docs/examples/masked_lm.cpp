// The most likely word in the place of a [MASK] (id 4).
#include <albert/albert.h>
#include <algorithm>
#include <cstdio>

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "model";
  auto model = albert::AlbertForMaskedLM::from_pretrained(folder);
  albert::ModelInputs in;
  in.input_ids = albert::HostTensor::of<int64_t>({1, 5}, {2, 14, 4, 25, 3});
  const auto out = model.forward(in);
  const float* scores = out.logits.data<float>() + 2 * model.config().vocab_size;
  const auto best = std::max_element(scores, scores + model.config().vocab_size);
  std::printf("best id %td with logit %.4f\n", best - scores, *best);
}
