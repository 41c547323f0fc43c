#pragma once
#include <string>

#include "core/settings.h"

namespace nodegrad::testing {

// Gives the process its settings back when it goes: a member of fixtures that change them.
class SavedSettings {
 public:
  SavedSettings() : saved_(settings()) {}
  ~SavedSettings() { useSettings(saved_); }
  SavedSettings(const SavedSettings&) = delete;
  SavedSettings& operator=(const SavedSettings&) = delete;

 private:
  const Settings saved_;
};

// Change one setting for kernels and plans made from now on.
inline void useIsa(const std::string& level) {
  Settings changed = settings();
  changed.isa = level;
  useSettings(changed);
}
inline void useWinograd(bool winograd) {
  Settings changed = settings();
  changed.winograd = winograd;
  useSettings(changed);
}
inline void useBfloat16(Settings::Bfloat16 bfloat16) {
  Settings changed = settings();
  changed.bfloat16 = bfloat16;
  useSettings(changed);
}

}  // namespace nodegrad::testing
