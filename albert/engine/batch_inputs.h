#pragma once
#include <variant>

#include "albert/engine/host_tensor.h"
#include "albert/engine/sequences.h"

namespace albert {

// Padded inputs under transformers' names, [B, S]; ids are integers of any width, masks also
// floats. Exactly one of input_ids and inputs_embeds [B, S, E] is given. Empty attention_mask: all
// ones; empty token_type_ids: zeros; empty position_ids ([1, S] or [B, S]): 0..S-1.
struct ModelInputs {
  HostTensor input_ids;
  HostTensor attention_mask;
  HostTensor token_type_ids;
  HostTensor position_ids;
  HostTensor inputs_embeds;

  // input_ids or inputs_embeds, whichever is given.
  const HostTensor& given() const { return input_ids.shape().empty() ? inputs_embeds : input_ids; }
};

// The inputs of one call, ragged or padded. A view that is made implicitly from either and must not
// outlive it.
class BatchInputs {
 public:
  BatchInputs(const ModelInputs& padded) : inputs_(&padded) {}
  BatchInputs(const Sequences& ragged) : inputs_(&ragged) {}

  // The one that was given; the other is null.
  const ModelInputs* padded() const { return get<ModelInputs>(); }
  const Sequences* ragged() const { return get<Sequences>(); }

  // B * S, what an engine that pads would compute; 0 for inputs of a wrong shape.
  int64_t padded_tokens() const {
    if (const Sequences* s = ragged()) return s->size() * s->longest();
    const HostTensor& given = padded()->given();
    return given.shape().size() < 2 ? 0 : given.dim(0) * given.dim(1);
  }

 private:
  template <class T>
  const T* get() const {
    const auto at = std::get_if<const T*>(&inputs_);
    return at ? *at : nullptr;
  }
  std::variant<const ModelInputs*, const Sequences*> inputs_;
};

}  // namespace albert
