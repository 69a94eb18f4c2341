// Everything: #include <sapwood/sapwood.h>.
#pragma once

#include "sapwood/any.h"
#include "sapwood/codec.h"
#include "sapwood/database.h"
#include "sapwood/dict.h"
#include "sapwood/error.h"
#include "sapwood/info.h"
#include "sapwood/list.h"
#include "sapwood/metrics.h"
#include "sapwood/options.h"
#include "sapwood/set.h"
#include "sapwood/sorted_map.h"
#include "sapwood/sorted_set.h"
#include "sapwood/transaction.h"
#include "sapwood/types.h"
