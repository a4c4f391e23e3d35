"""Audio Stitcher: recorded words and phrases in, one evenly loud message out."""

# What the audio of a message depends on besides its plan: raised when the same plan would sound different, so that
# every cached message is made anew.
ENGINE = 2
