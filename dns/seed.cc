#include "dns/bytes.h"
