// Builds without the headers of cuDNN's frontend compile this file.
#include "albert/kernels/cuda/cudnn/context.h"

namespace albert::kernels {

std::unique_ptr<CudnnContext> make_cudnn_context(int) {
  fail(ErrorCode::kNoDevice,
       "--attention cudnn: this build has none, the headers of nvidia-cudnn-frontend were not "
       "found when it was "
       "configured (scripts/setup gets them); use --attention own");
}

}  // namespace albert::kernels
