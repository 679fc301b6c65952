// Ids of a vocabulary that is no tokenizer's, such as phonemes: ids FOLDER
#include <albert/albert.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto model = albert::AlbertModel::from_pretrained(argv[1]);
  const albert::Sequences ids = {.input_ids = {{2, 7, 1, 8, 3}, {2, 5, 3}}};  // of any lengths
  const albert::HostTensor states = model.forward(ids).last_hidden_state;
  // Tokens of sequence b are rows b * longest() and following.
  for (int64_t token = 0; token < 3; ++token)
    std::printf("token %d: %.4f ..\n", int(token),
                double(states.row<float>(ids.longest() + token)[0]));
}
