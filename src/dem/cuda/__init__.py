"""A GPU as a second engine: a batch of structures at a time, one in each block of threads.

Laws, kinematics, protocols, measures and files are those of the CPU. The code of the threads is plain Python,
compiled for the device of the machine by `dem.cuda.compiled`; numba-cuda, which does that, is asked for only
when a batch is made (`dem.cuda.device`).
"""
