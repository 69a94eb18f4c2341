// What a call that must fail throws.
#pragma once

#include <gtest/gtest.h>

#include "sapwood/error.h"

namespace sapwood::test {

// The code of the Error that `function` throws; a failure of the test if it throws none.
template <class Function>
ErrorCode code_of(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no Error was thrown";
  return ErrorCode::cancelled;
}

}  // namespace sapwood::test
