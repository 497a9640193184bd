"""What every report shares: page, paper, letters, drawings, the days it is about and the file it becomes."""
