// A program of somebody else, whose own headers have names that ours have had.
#include "engine/session.h"
#include "heads/labels.h"
#include "kernels/tensor.h"
#include "tokenizer/tokenizer.h"

#include <albert/albert.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto model = albert::AlbertForMaskedLM::from_pretrained(argv[1]);
  albert::ModelInputs in;
  in.input_ids = albert::HostTensor::of<int64_t>({1, 3}, {2, 5, 3});
  const auto out = model.forward(in);
  std::printf("logits %s\n", out.logits.shape_string().c_str());
  if (out.logits.size() != 3 * model.config().vocab_size) return 1;
  return session_of_theirs() + labels_of_theirs() + tensor_of_theirs() + tokenizer_of_theirs() == 10
             ? 0
             : 1;
}
