// One process for all that need the stand-ins, so that the package is packed and installed once.

import "./platform.mjs";
import "./examples.mjs";
import "./localstripe.mjs";
