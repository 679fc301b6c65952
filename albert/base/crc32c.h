#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace albert {

// CRC-32C (Castagnoli, RFC 3720), as in LevelDB's tables and TensorFlow's checkpoints. With `crc`,
// the checksum of earlier bytes, it goes on behind them.
uint32_t crc32c(std::span<const std::byte> bytes, uint32_t crc = 0);

// TensorFlow rotates and shifts the checksums that it stores, as LevelDB does.
uint32_t masked_crc32c(uint32_t crc);

}  // namespace albert
