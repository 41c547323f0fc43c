#pragma once

namespace nodegrad {

// For loops that wait for another thread: the processor does the rest of its work meanwhile.
inline void pauseProcessor() { __builtin_ia32_pause(); }

}  // namespace nodegrad
