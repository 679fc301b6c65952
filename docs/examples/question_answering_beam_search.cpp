// The likeliest answer span by Google's head for SQuAD 2.0, and whether there is one at all.
#include <albert/albert.h>
#include <cstdio>

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "model";
  auto model = albert::AlbertForQuestionAnsweringBeamSearch::from_pretrained(folder);
  const auto out =
      model.forward(albert::Sequences{{{2, 14, 3, 25, 31, 40, 3}}, {{0, 0, 0, 1, 1, 1, 1}}});
  std::printf("no answer %.4f; start %d (%.4f), then end %d (%.4f)\n", out.cls_logits.at<float>(0),
              int(out.start_top_index.at<int64_t>(0)), out.start_top_log_probs.at<float>(0),
              int(out.end_top_index.at<int64_t>(0)), out.end_top_log_probs.at<float>(0));
}
