// The presence of this file lets the package declare functions without bodies.
