// One process for all that need the stand-ins, so that the package is packed and installed once. One after the other,
// because the stand-in refuses the second message that it gets.

for (const name of ["platform", "examples", "localstripe"]) await import(`./${name}.mjs`);
