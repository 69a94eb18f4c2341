// What the tests of this layer and of those above share.
#pragma once

#include <ostream>

#include <gtest/gtest.h>

#include "sapwood/error.h"

namespace sapwood {

inline void PrintTo(ErrorCode code, std::ostream* to) { *to << error_code_name(code); }

// The code of the Error that `function` throws; a failure of the test if it throws none.
template <class Function>
ErrorCode code_of(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    EXPECT_STRNE(error.what(), "");
    return error.code();
  }
  ADD_FAILURE() << "no Error was thrown";
  return ErrorCode::cancelled;
}

}  // namespace sapwood
