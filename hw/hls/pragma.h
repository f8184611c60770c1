// Directives for high-level synthesis, which other compilers do not see: EDGEMOE_HLS(pipeline II = 1).
#ifndef EDGEMOE_HLS_PRAGMA_H_
#define EDGEMOE_HLS_PRAGMA_H_

#ifdef __SYNTHESIS__
#define EDGEMOE_HLS_PRAGMA_(text) _Pragma(#text)
#define EDGEMOE_HLS(directive) EDGEMOE_HLS_PRAGMA_(HLS directive)
#else
#define EDGEMOE_HLS(directive)
#endif

#endif  // EDGEMOE_HLS_PRAGMA_H_
