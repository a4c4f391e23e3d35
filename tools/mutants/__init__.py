"""`make mutants`: the code, the workflows and the template are changed in small ways, and the tests have to notice."""
