// One pre-training step: masked words (labels elsewhere -100), sentence order, LAMB.
#include <albert/albert.h>
#include <cstdio>

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "model";
  auto model = albert::AlbertForPreTraining::from_pretrained(folder, {.trainable = true});
  albert::Optimizer lamb(model,
                         albert::OptimizerOptions::google(albert::OptimizerOptions::Kind::kLamb));
  const albert::Sequences in{{{2, 14, 4, 3, 25, 3}}, {{0, 0, 0, 0, 1, 1}}};
  const albert::PreTrainingLabels labels{
      albert::HostTensor::of<int64_t>({1, 6}, {-100, -100, 31, -100, -100, -100}),
      albert::HostTensor::of<int64_t>({1}, {0})};
  for (int step = 0; step < 3; ++step) {
    model.zero_grads();
    const auto out = model.forward(in, labels, {.logits = false, .backward = true});
    std::printf("step %d: loss %.4f, gradient norm %.4f\n", step, *out.loss,
                lamb.step(1e-3).get().gradient_norm);
  }
}
