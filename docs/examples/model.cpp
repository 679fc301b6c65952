// Hidden states and the pooled output of two sentences of different length.
#include <albert/albert.h>
#include <cstdio>

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "model";
  auto model = albert::AlbertModel::from_pretrained(folder);
  const albert::Sequences in{{{2, 14, 25, 3}, {2, 31, 3}}};
  const auto out = model.forward(in, {}, {.output_hidden_states = true});
  std::printf("last_hidden_state %s, %zu hidden states\n",
              out.last_hidden_state.shape_string().c_str(), out.hidden_states.size());
  std::printf("pooler_output[0, 0] = %.6f\n", out.pooler_output.row<float>(0)[0]);
}
