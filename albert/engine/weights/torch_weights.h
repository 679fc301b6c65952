#pragma once
#include "albert/engine/weights/weight_source.h"

namespace albert {

// Opens what torch.save wrote (.bin, .pt, .pth): a zip archive or the format before PyTorch 1.6, of
// a dictionary of tensors or of dictionaries that hold such, whose keys are joined by dots. Its
// pickle is read as data: a file that names anything but tensors and their containers is refused
// by that name. Tensors may share storages and be views with strides; BoolStorage becomes u8.
// Error(kMissingInput), kIo; kBadData for a file that contradicts itself or is damaged (the CRC of
// a storage is checked when it is read). A hostile file takes at most 2 x its size + 16 MiB.
std::unique_ptr<const WeightSource> open_torch(const std::filesystem::path& path);

}  // namespace albert
