# For owners of Vitis HLS; has not been run. From the repository's root, the steps as in the variables below:
#
#   vitis-run --mode hls --tcl hw/hls/vitis/run_hls.tcl        (older releases: vitis_hls -f hw/hls/vitis/run_hls.tcl)
#
# EDGEMOE_DESIGN, EDGEMOE_CASE, EDGEMOE_PART, EDGEMOE_STEPS in the environment choose another design, case, part, steps.
proc setting {name default} {
  global env
  return [expr {[info exists env($name)] ? $env($name) : $default}]
}
set design [setting EDGEMOE_DESIGN TinyDesign]
set case_file [file normalize [setting EDGEMOE_CASE hw/hls/vitis/tiny.case]]
set part [setting EDGEMOE_PART xczu9eg-ffvb1156-2-e]
set steps [setting EDGEMOE_STEPS {csim csynth}]

set root [pwd]
if {![file exists $root/hw/hls/vitis/run_hls.tcl]} {
  puts stderr "run_hls.tcl: run it from the repository's root; this is $root"
  exit 1
}
set flags "-std=c++17 -I$root/src -I$root/hw -DEDGEMOE_DESIGN=$design"

file mkdir build
open_project -reset build/hls_$design
set_top edge_moe_top
add_files hw/hls/vitis/edge_moe_top.cpp -cflags $flags
add_files -tb hw/hls/vitis/testbench.cpp -cflags $flags
open_solution -reset solution -flow_target vivado
set_part $part
create_clock -period 3.333 -name default

foreach step $steps {
  switch $step {
    csim { csim_design -argv $case_file }
    csynth { csynth_design }
    cosim { cosim_design -argv $case_file }
    export { export_design -format ip_catalog }
    default {
      puts stderr "run_hls.tcl: step $step is none of csim, csynth, cosim, export"
      exit 1
    }
  }
}
exit
