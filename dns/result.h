// A value or the reason why there is none, shaped like std::expected (which C++20 lacks).
//
// For set-up, files, HSM and control: an Error carries a sentence for a person (what is wrong,
// where, what to do). Per-packet code uses std::optional or enums instead: an Error allocates.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace sealwire::dns {

struct Error {
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const std::string& error() const { return std::get<1>(state_).message; }

 private:
  std::variant<T, Error> state_;
};

// Done, or the reason why not.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error)
      : message_(std::move(error.message)), ok_(false) {}  // NOLINT(google-explicit-constructor)
  static Status Ok() { return {}; }

  bool ok() const noexcept { return ok_; }
  explicit operator bool() const noexcept { return ok_; }
  const std::string& error() const { return message_; }

 private:
  std::string message_;
  bool ok_ = true;
};

}  // namespace sealwire::dns

namespace sealwire {
using dns::Error;
using dns::Result;
using dns::Status;
}  // namespace sealwire
