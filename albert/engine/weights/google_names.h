#pragma once
// The names of Google's ALBERT in TensorFlow (docs/albert.md 6.1). Not installed.
#include <optional>
#include <string>

#include "albert/engine/weights/weight_source.h"

namespace albert {

// transformers' name for a variable of Google's, with or without "module/" before it; the name as
// it is for others, and nothing for what is no weight: the step and the optimizer's moments.
std::optional<std::string> transformers_name(const std::string& variable);

// The other way round: Google's name of a tensor, nothing for one that its models do not have.
std::optional<std::string> google_name(const std::string& tensor);

// Whether a variable of Google's is a matrix that lies [in, out].
bool is_google_kernel(const std::string& variable, const TensorInfo& info);

// The tensors of a source with Google's names and layouts under transformers' names: kernels become
// [out, in], moments and the step are left out, unknown names stay as they are. brightmart's
// albert_zh becomes an ALBERT (albert_zh.h). Error(kBadData) for two variables of one name.
std::unique_ptr<const WeightSource> with_transformers_names(
    std::unique_ptr<const WeightSource> variables);

}  // namespace albert
