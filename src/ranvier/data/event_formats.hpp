#pragma once

#include "ranvier/data/event_bytes.hpp"

namespace ranvier {

// One function per format, chosen by parse_events; docs/formats.md describes the bytes. All throw
// as read_events.

/// jAER, DVS128 and DAVIS cameras.
[[nodiscard]] EventRecording parse_aedat2(const EventBytes& bytes);
/// cAER.
[[nodiscard]] EventRecording parse_aedat3(const EventBytes& bytes);
/// DV: flatbuffers, plain or compressed.
[[nodiscard]] EventRecording parse_aedat4(const EventBytes& bytes);
/// N-MNIST: .bin and .bs2, 34 x 34 pixels.
/// @see Orchard et al. 2015, doi:10.3389/fnins.2015.00437.
[[nodiscard]] EventRecording parse_nmnist(const EventBytes& bytes);
/// Prophesee .dat, version 2.
[[nodiscard]] EventRecording parse_dat(const EventBytes& bytes);
/// Prophesee EVT 2.0.
[[nodiscard]] EventRecording parse_evt2(const EventBytes& bytes);
/// Event Stream 2.0, DVS events.
[[nodiscard]] EventRecording parse_event_stream(const EventBytes& bytes);

}  // namespace ranvier
