# The presets that CI builds compile the command and the tests several files at a time: most of their time goes into headers.
# These files use a name that another file of their folder uses too, so each stays by itself. The preset `dev` compiles
# every file by itself, so that an #include that a file forgot is missed.
if(NOT CMAKE_UNITY_BUILD)
  return()
endif()

function(semel_by_itself target)
  get_target_property(folder ${target} SOURCE_DIR)
  list(TRANSFORM ARGN PREPEND ${folder}/)
  set_source_files_properties(${ARGN} TARGET_DIRECTORY ${target} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

semel_by_itself(semel_flags sink_flags.cc)
semel_by_itself(semel
  consume_unique.cc dedup.cc group.cc man.cc message_format.cc message_lines.cc produce.cc seen.cc topic_layout.cc)

# It replaces operator new, and GCC thinks about that where it sees it.
semel_by_itself(fingerprint_test allocation_counter.cc)
semel_by_itself(fuzz_changelog allocations.cc)
semel_by_itself(fuzz_snapshot allocations.cc)

semel_by_itself(redis_test redis_seen_set_test.cc)
semel_by_itself(pipeline_test effective_time_test.cc record_router_test.cc start_position_test.cc)
semel_by_itself(prove_test truth_test.cc)
semel_by_itself(dedup_threads_test until_end_test.cc)
semel_by_itself(seen_tool_test
  entries_test.cc forget_log_test.cc log_follower_test.cc output_replay_test.cc rebuilt_log_test.cc snapshot_check_test.cc)
if(TARGET semel_simulation)
  semel_by_itself(semel_simulation scheduler.cc)  # GCC takes what is private to one of several files for private to a header
  semel_by_itself(semel_simulated_kafka log_reader.cc producer.cc producer_end.cc)
  semel_by_itself(simulated_kafka_test network_test.cc)
endif()
