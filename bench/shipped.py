"""The model of the questions on pictures, as each engine can be given it."""
import subprocess

from contender import last_line


def models(setting):
    """([(numbers, model file)], [{name, reason}]): float, int8 quantised at load, int8 from a file of integers."""
    found, missing = [("float", setting.model), ("int8", setting.model)], []
    integers = setting.out / f"{setting.model.stem}.int8.safetensors"
    done = subprocess.run([str(setting.tools.edgemoe), "quantize", str(setting.model), "-o", str(integers)], capture_output=True,
                          text=True, check=False)
    if done.returncode == 0:
        found.append(("int8", integers))
    else:
        missing.append({"name": "int8 from a file of integers", "reason": f"edgemoe quantize: {last_line(done.stderr)}"})
    return found, missing
