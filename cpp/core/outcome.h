#pragma once
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

namespace nodegrad {

// How a run ends, for all that it makes: known when the device is done with it. The engine's thread calls all
// of this but publish, which any thread may call.
class Outcome {
 public:
  // error: how a run that never begins has ended.
  explicit Outcome(std::exception_ptr error) : error_(std::move(error)), known_(true) {}

  // The run begins. mayRefuse: whether an op of it looks at its numbers.
  void begin();
  void setMayRefuse() { mayRefuse_ = true; }
  bool mayRefuse() const { return mayRefuse_; }
  // The run uses what another one makes, and fails with it.
  void follow(const std::shared_ptr<Outcome>& other);
  // The run is over; null: it went well. Gives the error, or that of a run it follows.
  std::exception_ptr publish(std::exception_ptr error);

  bool isKnown() const;
  // Waits until it is known; null: it ended well.
  std::exception_ptr error() const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable published_;
  std::exception_ptr error_;
  bool known_;
  bool mayRefuse_ = false;
  std::vector<std::shared_ptr<Outcome>> followed_;
};

}  // namespace nodegrad
