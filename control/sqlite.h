// SQLite's handles as C++ values: for control/sqlite_store.cc.
//
// Threading: one thread at a time. Ownership: a Statement must end before its Database. Errors:
// false from Step() and Run(); Database::message() says why.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dns/bytes.h"

namespace sealwire::control {

class Database {
 public:
  bool Open(const std::string& path) {
    sqlite3* raw = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &raw,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    db_.reset(raw);
    return code == SQLITE_OK;
  }
  bool Run(const char* sql) {
    return sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK;
  }
  std::string message() const { return db_ ? sqlite3_errmsg(db_.get()) : "out of memory"; }
  sqlite3* get() const noexcept { return db_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

// A prepared statement. Values are bound in order, read by column; Reset() makes it new again.
class Statement {
 public:
  Statement(const Database& db, const char* sql) {
    sqlite3_stmt* raw = nullptr;
    sqlite3_prepare_v2(db.get(), sql, -1, &raw, nullptr);
    statement_.reset(raw);
  }

  Statement& Bind(std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), ++bound_, value);
    return *this;
  }
  Statement& Bind(std::string_view text) {
    sqlite3_bind_text(statement_.get(), ++bound_, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }
  Statement& Bind(dns::Bytes octets) {
    sqlite3_bind_blob(statement_.get(), ++bound_, octets.data(), static_cast<int>(octets.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }

  // True when there is a row. False at the end, and on an error, when failed() is true.
  bool Step() {
    const int code = statement_ ? sqlite3_step(statement_.get()) : SQLITE_ERROR;
    failed_ = code != SQLITE_ROW && code != SQLITE_DONE;
    return code == SQLITE_ROW;
  }
  bool failed() const noexcept { return failed_; }
  // For statements without rows: runs and resets; false on an error.
  bool Run() {
    Step();
    Reset();
    return !failed_;
  }
  void Reset() {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    bound_ = 0;
  }

  std::int64_t Integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  std::string Text(int column) const {
    const dns::Bytes octets = Blob(column);
    return {octets.begin(), octets.end()};
  }
  // Valid until the next Step().
  dns::Bytes Blob(int column) const {
    const auto* data =
        static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
  bool failed_ = false;
};

}  // namespace sealwire::control
